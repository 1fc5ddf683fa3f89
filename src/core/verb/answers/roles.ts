import type { IncidentState } from "../../incident/state.ts";
import type { Document } from "../../report/document.ts";

/** Who holds which role, or who holds one; names only, since asking must not ping anybody. */
export function rolesDocument(state: IncidentState, role: string | null): Document {
  const held = Object.entries(state.roles).filter(([name]) => role === null || name === role);
  const facts = held.map(([name, person]) => ({
    label: `${name[0]!.toUpperCase()}${name.slice(1)}`,
    value: person.name,
  }));
  const said = held.map(([name, person]) => `${person.name} is ${name}`).join(", ");
  const nobody = role === null ? "nobody has a role yet" : `nobody is ${role}`;
  return {
    summary: `${state.key}: ${said || nobody}`,
    title: `${state.key} · Roles`,
    blocks: [
      facts.length > 0
        ? { type: "facts", facts }
        : { type: "paragraph", text: `${nobody[0]!.toUpperCase()}${nobody.slice(1)}.` },
      {
        type: "context",
        text: ["Give one with ", { code: "role <role> @user" }, ", take the lead with ", { code: "lead" }],
      },
    ],
  };
}
