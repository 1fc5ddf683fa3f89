/** What a line shows: which measurement of ours beside which of a reference, and where it should end. */
export type Line = {
  id: string;
  what: string;
  unit: string;
  /** `case.subject.measurement`, as the cases name it. */
  ours: string;
  /** What it is measured against, under the name that people know. */
  reference?: { key: string; name: string };
  /** Held against the ratio where there is a reference, else against the value. */
  goal?: { at: "least" | "most"; value: number; of?: "ratio" | "value" };
};

export const alertmanager = (key: string) => ({ key, name: "Alertmanager" });
export const floor = (key: string) => ({ key, name: "bare floor" });
export const bolt = (key: string) => ({ key, name: "bare Bolt" });
export const least = (value: number) => ({ at: "least", value }) as const;
export const most = (value: number) => ({ at: "most", value }) as const;
export const value = { of: "value" } as const;
