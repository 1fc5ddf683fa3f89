import { expect, test } from "vitest";
import { pythonUrlencode } from "../../src/source/python-urlencode.ts";

// Written by Python 3.11: `urllib.parse.urlencode(json.loads(body))`.
test.each([
  [
    "strings stand as they are on the outermost level, quoted below",
    '{"a": "it\'s \\"x\\"", "b": {"c": "it\'s", "d": "\\"x\\"", "e": "it\'s \\"x\\""}}',
    "a=it%27s+%22x%22&b=%7B%27c%27%3A+%22it%27s%22%2C+%27d%27%3A+%27%22x%22%27%2C+%27e%27%3A+%27it%5C%27s+%22x%22%27%7D",
  ],
  [
    "words",
    '{"a": true, "b": [true, false, null], "c": null}',
    "a=True&b=%5BTrue%2C+False%2C+None%5D&c=None",
  ],
  [
    "empty things",
    '{"a": {}, "b": [], "c": "", "": [{}, [], ""]}',
    "a=%7B%7D&b=%5B%5D&c=&=%5B%7B%7D%2C+%5B%5D%2C+%27%27%5D",
  ],
  [
    "integers of any length",
    '{"a": [0, -0, 9007199254740993, 123456789012345678901234567890, -1], "b": 9007199254740993}',
    "a=%5B0%2C+0%2C+9007199254740993%2C+123456789012345678901234567890%2C+-1%5D&b=9007199254740993",
  ],
  [
    "floats",
    '{"a": [49.0, 0.1, -0.0, 1e16, 9999999999999998.0, 123456789012345680.0, 1e-5, 0.0001, 1.5e-7, 1e22, 1E5, 5e-324, 1.7976931348623157e308, 14.171656686626747], "b": 1.0, "c": 1e400, "d": [-1e400]}',
    "a=%5B49.0%2C+0.1%2C+-0.0%2C+1e%2B16%2C+9999999999999998.0%2C+1.2345678901234568e%2B17%2C+1e-05%2C+0.0001%2C+1.5e-07%2C+1e%2B22%2C+100000.0%2C+5e-324%2C+1.7976931348623157e%2B308%2C+14.171656686626747%5D&b=1.0&c=inf&d=%5B-inf%5D",
  ],
  [
    "keys in the order they came",
    '{"b": 1, "2": 2, "1": {"10": 1, "9": 2}, "__proto__": {"constructor": 1}}',
    "b=1&2=2&1=%7B%2710%27%3A+1%2C+%279%27%3A+2%7D&__proto__=%7B%27constructor%27%3A+1%7D",
  ],
  [
    "a key that comes twice",
    '{"a": 1, "b": 2, "a": {"x": 1, "y": 2, "x": 3}}',
    "a=%7B%27x%27%3A+3%2C+%27y%27%3A+2%7D&b=2",
  ],
  [
    "escapes",
    '{"a": ["tab\\t nl\\n cr\\r bell\\u0007 nul\\u0000 del\\u007f back\\\\slash", "\\u0085\\u00a0\\u00ad\\u200b\\u2028\\ufeff\\ue000\\ufffe"], "b": "tab\\t\\u200b"}',
    "a=%5B%27tab%5Ct+nl%5Cn+cr%5Cr+bell%5Cx07+nul%5Cx00+del%5Cx7f+back%5C%5Cslash%27%2C+%27%5Cx85%5Cxa0%5Cxad%5Cu200b%5Cu2028%5Cufeff%5Cue000%5Cufffe%27%5D&b=tab%09%E2%80%8B",
  ],
  [
    "other scripts and emoji",
    '{"Straße": ["Zürich", "東京", "😀", "\\ud83d\\ude00", "e\\u0301", "\\ud800"], "k": "naïve 東京 😀"}',
    "Stra%C3%9Fe=%5B%27Z%C3%BCrich%27%2C+%27%E6%9D%B1%E4%BA%AC%27%2C+%27%F0%9F%98%80%27%2C+%27%F0%9F%98%80%27%2C+%27e%CC%81%27%2C+%27%5Cud800%27%5D&k=na%C3%AFve+%E6%9D%B1%E4%BA%AC+%F0%9F%98%80",
  ],
  [
    "what a URL escapes",
    '{"a b": "-_.~ !*\'()/:;,?@&=+$#%", "c": ["a b+c"]}',
    "a+b=-_.~+%21%2A%27%28%29%2F%3A%3B%2C%3F%40%26%3D%2B%24%23%25&c=%5B%27a+b%2Bc%27%5D",
  ],
  ["white space between", ' {\n "a" : [ 1 ,\t2 ] , "b" : { } }\r\n', "a=%5B1%2C+2%5D&b=%7B%7D"],
])("as Python writes %s", (_, body, encoded) => {
  expect(pythonUrlencode(body)).toBe(encoded);
  expect(pythonUrlencode(body, "old")).toBe(encoded);
});

test("an emoji that an older Python does not know is escaped there", () => {
  const body = '{"a": ["\u{1FAE8} shaking"]}';
  expect(pythonUrlencode(body, "old")).toBe("a=%5B%27%5CU0001fae8+shaking%27%5D");
  expect(pythonUrlencode(body, "new")).toBe("a=%5B%27%F0%9F%AB%A8+shaking%27%5D");
});

test.each(["", "x", "[]", "[[1, 2]]", '"a"', "1", "null", '{"a": 1', '{"a": NaN}', '{"a": "\\ud800"}'])(
  "%j is nothing that could have been signed",
  (body) => expect(pythonUrlencode(body)).toBeNull(),
);

test("an object without members is an empty text", () => expect(pythonUrlencode("{}")).toBe(""));

test("a body nested deeper than Python can read, and a very long one, take no harm", () => {
  const deep = `{"a": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`;
  expect(pythonUrlencode(deep)).toBeNull();
  expect(pythonUrlencode(`{"a": ["${"x".repeat(2_000_000)}"]}`)?.length).toBe(
    2_000_000 + "a=%5B%27%27%5D".length,
  );
});
