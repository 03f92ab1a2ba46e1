import { theme } from './theme.ts';

/** The layout of all pages. Colours and shapes are in theme.ts. */
export const style = `${theme}
:root { color-scheme: light dark; }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; padding: 2rem 1rem;
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1.5rem;
  background: var(--background); color: var(--text);
  font: 400 1rem/1.5 var(--font); -webkit-font-smoothing: antialiased;
}
h1 { margin: 0; font-size: 1.5rem; line-height: 1.25; font-weight: 650; letter-spacing: -0.015em; text-wrap: balance; overflow-wrap: anywhere; }
p { margin: 0; overflow-wrap: anywhere; }
a { color: var(--accent); text-underline-offset: 0.15em; }
strong { font-weight: 600; }
.brand { display: flex; align-items: center; gap: 0.625rem; font-weight: 650; letter-spacing: -0.01em; font-size: 1.0625rem; }
.brand { max-width: 100%; }
.brand span { min-width: 0; overflow-wrap: anywhere; }
.brand svg { flex: none; }
.brand img { display: block; max-height: 2rem; max-width: 12rem; }
.brand svg { color: var(--accent); }
.card {
  min-width: 0; width: 100%; max-width: var(--width); padding: 2rem;
  display: flex; flex-direction: column; gap: 1.5rem;
  background: var(--surface); border: 1px solid var(--line); border-radius: var(--radius); box-shadow: var(--shadow);
}
.head { display: flex; flex-direction: column; gap: 0.375rem; }
.head .mark { margin-bottom: 0.625rem; }
.mark {
  flex: none; width: 3rem; height: 3rem; border-radius: var(--radius-small); overflow: hidden;
  display: grid; place-items: center; background: var(--tint); color: var(--accent);
  font-weight: 650; font-size: 1.25rem; text-transform: uppercase;
}
.mark img { width: 100%; height: 100%; object-fit: contain; }
.mark.small { width: 2.25rem; height: 2.25rem; border-radius: 50%; font-size: 0.9375rem; }
.soft { color: var(--text-soft); }
.small-text { font-size: 0.875rem; }
form { margin: 0; display: flex; flex-direction: column; gap: 1.125rem; }
.field { display: flex; flex-direction: column; gap: 0.375rem; }
label { font-size: 0.875rem; font-weight: 550; }
input {
  width: 100%; padding: 0.6875rem 0.8125rem; font: inherit; color: var(--text);
  background: var(--surface); border: 1px solid var(--edge); border-radius: var(--radius-small);
}
input[type='checkbox'] { flex: none; width: 1.5rem; height: 1.5rem; margin: 0; accent-color: var(--accent); }
.choice { display: flex; align-items: center; gap: 0.625rem; font-weight: 400; }
input[aria-invalid='true'] { border-color: var(--danger); }
input:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
input:focus-visible { outline-width: 2px; outline-offset: 0; border-color: var(--accent); }
button, a.main {
  padding: 0.6875rem 1rem; min-height: 2.875rem; font: inherit; font-weight: 600; cursor: pointer;
  border-radius: var(--radius-small); border: 1px solid var(--edge); background: transparent; color: var(--text);
}
button:hover { background: var(--surface-sunken); }
button.main, a.main { border-color: transparent; background: var(--accent); color: var(--on-accent); }
button.main:hover, a.main:hover { background: var(--accent-strong); }
a.main { text-align: center; text-decoration: none; }
button.link {
  padding: 0; min-height: 1.5rem; border: 0; background: none; color: var(--accent); font-weight: 550; font-size: 0.875rem;
  text-decoration: underline; text-underline-offset: 0.15em; text-align: start;
}
button.account { display: flex; align-items: center; gap: 0.75rem; padding: 0.75rem 0.875rem; text-align: start; border-color: var(--line); background: var(--surface-sunken); }
button.account .soft { font-weight: 400; }
button.account > span { min-width: 0; }
button.account:hover { border-color: var(--edge); }
.buttons { display: flex; flex-direction: column; gap: 0.625rem; }
.buttons.pair { display: grid; grid-template-columns: 1fr 1fr; }
.buttons.pair .main { order: 2; }
.notice {
  padding: 0.75rem 0.875rem; border-radius: var(--radius-small); font-size: 0.9375rem;
  background: var(--danger-surface); border: 1px solid var(--danger-line); color: var(--danger);
}
.who { display: flex; align-items: center; gap: 0.75rem; padding: 0.75rem 0.875rem; background: var(--surface-sunken); border: 1px solid var(--line); border-radius: var(--radius-small); }
.who > div { min-width: 0; }
.name { font-weight: 600; overflow-wrap: anywhere; line-height: 1.35; }
.scopes { margin: 0; padding: 0; list-style: none; display: flex; flex-direction: column; gap: 0.75rem; }
.scopes li { display: flex; gap: 0.625rem; overflow-wrap: anywhere; min-width: 0; }
.scopes li > span { min-width: 0; }
.scopes svg { flex: none; margin-top: 0.1875rem; color: var(--accent); }
.scopes small { display: block; font-size: 0.8125rem; color: var(--text-soft); }
.rule { border: 0; border-top: 1px solid var(--line); margin: 0; }
.code { font: 0.8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--text-soft); overflow-wrap: anywhere; padding-top: 1rem; border-top: 1px solid var(--line); }
footer { max-width: 100%; display: flex; flex-wrap: wrap; justify-content: center; gap: 0.25rem 1.25rem; font-size: 0.8125rem; color: var(--text-soft); }
footer a { color: inherit; min-width: 0; overflow-wrap: anywhere; }
@media (max-width: 30rem) {
  body { padding: 1.5rem 0 2rem; justify-content: flex-start; background: var(--surface); }
  .brand { align-self: flex-start; padding: 0 1.5rem; }
  .card { padding: 0.5rem 1.5rem; border: 0; border-radius: 0; box-shadow: none; max-width: none; }
  footer { padding: 0 1.5rem; margin-top: auto; }
}
@media (forced-colors: active) { button.main, a.main { border-color: ButtonText; } }
`;
