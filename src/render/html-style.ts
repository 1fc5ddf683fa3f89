/** The stylesheet of an HTML report: system fonts, one column, light and dark, phone and paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1d1c1d; --soft: #5c5b60; --line: #e2e1e6; --wash: #f7f6f9; --link: #1264a3;
  --bad: #a30200; --bad-wash: #fbe9e8; --warn: #7a5000; --warn-wash: #fcf0d9; --info: #0b4f85; --info-wash: #e2eff9;
  --good: #0d6343; --good-wash: #def4e9; --quiet: #55545a; --quiet-wash: #ecebef;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #17181c; --ink: #e9e8ec; --soft: #a5a4ad; --line: #34353c; --wash: #1f2026; --link: #7cb8ea;
    --bad: #ff9d99; --bad-wash: #45201f; --warn: #f0c274; --warn-wash: #3d301a; --info: #8cc4f2; --info-wash: #1b3347;
    --good: #74d6ae; --good-wash: #173a2d; --quiet: #b9b8c0; --quiet-wash: #2c2d34;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink); overflow-wrap: anywhere;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
}
main { max-width: 980px; margin: 0 auto; padding: 40px 32px 72px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 20px; text-wrap: balance; }
h2 { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; margin: 0 0 12px; }
h3 { font-size: 16px; margin: 24px 0 8px; }
h4 { font-size: 15px; margin: 16px 0 4px; }
section { margin-top: 36px; padding-top: 24px; border-top: 1px solid var(--line); }
p { margin: 0 0 12px; max-width: 720px; }
ul, ol { margin: 0 0 12px; padding-left: 22px; max-width: 720px; }
li { margin: 4px 0; }
a { color: var(--link); text-underline-offset: 2px; }
hr { border: 0; border-top: 1px solid var(--line); margin: 24px 0; }
code { font: 0.88em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; background: var(--wash); border-radius: 4px; padding: 1px 5px; }
pre { background: var(--wash); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; overflow-x: auto; }
pre code { background: none; padding: 0; }
blockquote { margin: 0 0 12px; padding: 10px 16px; border-left: 4px solid var(--line); background: var(--wash); border-radius: 0 8px 8px 0; }
em { color: var(--soft); }
.context { color: var(--soft); font-size: 14px; }
.tone { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 0.86em; font-weight: 600; white-space: nowrap; }
.bad { color: var(--bad); background: var(--bad-wash); }
.warn { color: var(--warn); background: var(--warn-wash); }
.info { color: var(--info); background: var(--info-wash); }
.good { color: var(--good); background: var(--good-wash); }
.quiet { color: var(--quiet); background: var(--quiet-wash); }
dl { margin: 0 0 16px; }
dd { margin: 0; }
dt { color: var(--soft); font-size: 14px; }
.facts > div { display: grid; grid-template-columns: 130px 1fr; gap: 4px 16px; padding: 3px 0; align-items: baseline; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 12px; margin: 24px 0 0; }
.figures > div { background: var(--wash); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; }
.figures dd { font-size: 20px; font-weight: 650; letter-spacing: -0.01em; line-height: 1.3; margin-top: 2px; }
.table { margin: 0 0 16px; overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: 15px; line-height: 1.45; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: 13px; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--line); padding: 6px 14px 6px 0; white-space: nowrap; }
td { vertical-align: top; overflow-wrap: break-word; border-bottom: 1px solid var(--line); padding: 8px 14px 8px 0; }
th:last-child, td:last-child { padding-right: 0; }
.narrow td:nth-child(2), .wide td:first-child, .wide td.right:first-child + td, .wide td:last-child { overflow-wrap: anywhere; }
.right { text-align: right; }
.narrow td:first-child { white-space: nowrap; color: var(--soft); width: 64px; }
.narrow td:last-child { color: var(--soft); font-size: 14px; width: 30%; }
td.right, th.right { padding-right: 28px; }
td.right, td time { white-space: nowrap; }
@media (min-width: 641px) {
  .person { white-space: nowrap; }
  .wide td:first-child:not(.right) { min-width: 240px; }
}
figure { margin: 8px 0 16px; overflow-x: auto; }
figure svg { display: block; width: 100%; height: auto; }
@media screen and (max-width: 640px) {
  main { padding: 24px 16px 56px; }
  h1 { font-size: 24px; }
  figure svg { min-width: 760px; }
  .facts > div { grid-template-columns: 118px 1fr; gap: 4px 10px; }
  .figures { grid-template-columns: 1fr 1fr; gap: 8px; }
  .figures > div { padding: 10px 12px; }
  .figures dd { font-size: 17px; }
  .narrow td:first-child { width: 48px; padding-right: 8px; }
  .narrow tr { display: grid; grid-template-columns: 52px minmax(0, 1fr); border-bottom: 1px solid var(--line); padding: 8px 0; }
  .narrow thead { display: none; }
  .narrow td, .narrow td:last-child { border: 0; padding: 0; width: auto; }
  .narrow td:last-child { grid-column: 2; }
  .wide, .wide tbody { display: block; }
  .wide thead { display: none; }
  .wide tr { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; border-bottom: 1px solid var(--line); padding: 10px 0; }
  .wide td, .wide td:last-child { border: 0; padding: 0; text-align: left; white-space: normal; font-size: 14px; }
  .wide td:first-child { flex-basis: 100%; font-size: 15px; }
  .wide td:not(:first-child)::before { content: attr(data-label) " "; color: var(--soft); font-size: 13px; }
  .wide td:empty { display: none; }
}
@media print {
  @page { margin: 16mm 14mm; }
  body { font-size: 10.5pt; line-height: 1.45; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 19pt; }
  h2 { font-size: 13pt; }
  table, .context, dt, th, .narrow td:last-child { font-size: 9pt; }
  .figures { grid-template-columns: repeat(4, 1fr); }
  .figures dd { font-size: 12pt; }
  section { margin-top: 18pt; padding-top: 12pt; }
  h1, h2, h3, h4 { break-after: avoid; }
  p, tr, figure, blockquote, li, .figures, .facts > div { break-inside: avoid; }
  /* A table that is longer than a page would leave the page before it empty. */
  .wide:not(:has(tbody tr:nth-child(13))) { break-inside: avoid; }
  p:has(+ .table) { break-after: avoid; }
  thead { display: table-header-group; }
  .table, figure { overflow: visible; }
  .tone, .figures > div { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  figure { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; }
}
`;
