import { describe, expect, it } from "vitest";
import { SlackMessage, SlackView } from "../../src/slack/limits.ts";

const section = (text: string) => ({ type: "section", text: { type: "mrkdwn", text } });
const plain = (text: string) => ({ type: "plain_text", text });
const button = (over: object = {}) => ({
  type: "button",
  action_id: "ack",
  text: plain("Ack"),
  value: "INC-1",
  ...over,
});
const message = (...blocks: object[]) => ({ text: "hello", blocks });
const view = (over: object = {}) => ({
  type: "modal",
  callback_id: "x",
  private_metadata: "",
  title: plain("Title"),
  blocks: [section("x")],
  ...over,
});
const input = (element: object) => ({ type: "input", label: plain("Label"), element });
const option = (value: string) => ({ text: plain(value), value });

describe("a message that Slack refuses", () => {
  it.each<[string, object]>([
    ["no text", { text: "", blocks: [] }],
    ["text of too many bytes", { text: "注".repeat(1300), blocks: [] }],
    ["51 blocks", message(...Array.from({ length: 51 }, () => ({ type: "divider" })))],
    [
      "12,000 characters over its blocks",
      message(...Array.from({ length: 4 }, () => section("x".repeat(3000)))),
    ],
    ["an empty section", message({ type: "section" })],
    ["blank words", message(section(" \n"))],
    ["a section of 3,001", message(section("x".repeat(3001)))],
    ["a header in mrkdwn", message({ type: "header", text: { type: "mrkdwn", text: "x" } })],
    [
      "11 context elements",
      message({ type: "context", elements: Array.from({ length: 11 }, () => plain("x")) }),
    ],
    ["an unknown key", message({ ...section("x"), colour: "red" })],
    ["an unknown block", message({ type: "carousel" })],
    ["two block ids", message({ ...section("x"), block_id: "a" }, { ...section("y"), block_id: "a" })],
    ["two action ids in a row", message({ type: "actions", elements: [button(), button()] })],
    ["a label of 76", message({ type: "actions", elements: [button({ text: plain("x".repeat(76)) })] })],
    ["a value of 2,001", message({ type: "actions", elements: [button({ value: "x".repeat(2001) })] })],
    ["a script to open", message({ type: "actions", elements: [button({ url: "javascript:alert(1)" })] })],
    ["an input", message(input({ type: "plain_text_input", action_id: "a" }))],
    [
      "one option to overflow",
      message({ type: "actions", elements: [{ type: "overflow", action_id: "a", options: [option("1")] }] }),
    ],
  ])("%s", (_, value) => {
    expect(SlackMessage.safeParse(value).success).toBe(false);
  });
});

describe("a view that Slack refuses", () => {
  it.each<[string, object]>([
    ["a title of 25", view({ title: plain("x".repeat(25)) })],
    ["metadata of 3,001", view({ private_metadata: "x".repeat(3001) })],
    [
      "inputs without a submit button",
      view({ blocks: [input({ type: "plain_text_input", action_id: "a" })] }),
    ],
    [
      "11 checkboxes",
      view({
        submit: plain("OK"),
        blocks: [
          input({
            type: "checkboxes",
            action_id: "a",
            options: Array.from({ length: 11 }, (_, index) => option(`${index}`)),
          }),
        ],
      }),
    ],
    [
      "an initial option that is not offered",
      view({
        submit: plain("OK"),
        blocks: [
          input({
            type: "static_select",
            action_id: "a",
            options: [option("1")],
            initial_option: option("2"),
          }),
        ],
      }),
    ],
    [
      "two options of one value",
      view({
        submit: plain("OK"),
        blocks: [input({ type: "static_select", action_id: "a", options: [option("1"), option("1")] })],
      }),
    ],
    [
      "a first text that is too long",
      view({
        submit: plain("OK"),
        blocks: [input({ type: "plain_text_input", action_id: "a", max_length: 2, initial_value: "123" })],
      }),
    ],
  ])("%s", (_, value) => {
    expect(SlackView.safeParse(value).success).toBe(false);
  });
});

it("accepts what is within the limits", () => {
  const blocks = [section("x"), { type: "actions", elements: [button(), button({ action_id: "more" })] }];
  expect(SlackMessage.safeParse(message(...blocks)).success).toBe(true);
  expect(
    SlackView.safeParse(
      view({ submit: plain("OK"), blocks: [input({ type: "plain_text_input", action_id: "a" })] }),
    ).success,
  ).toBe(true);
});
