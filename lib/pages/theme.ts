/**
 * The colours and shapes of all pages, for you to change. A test checks the contrast of text (at least 4.5) and of the edges of
 * fields and buttons (at least 3). WCAG 2.2, 1.4.3 and 1.4.11
 */
export const theme = `
:root {
  --font: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
  --radius: 14px;
  --radius-small: 9px;
  --width: 26rem;

  --background: #f3f4f8;
  --surface: #ffffff;
  --surface-sunken: #f6f7fa;
  --line: #e2e5ec;
  --edge: #838b9c;
  --text: #141824;
  --text-soft: #566072;
  --accent: #3a4fd7;
  --accent-strong: #2d3fb8;
  --on-accent: #ffffff;
  --tint: #e9ecfd;
  --danger: #9c1c28;
  --danger-surface: #fdeef0;
  --danger-line: #f3c3c9;
  --shadow: 0 1px 2px rgb(20 24 36 / 6%), 0 12px 32px -12px rgb(20 24 36 / 18%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #0d0f15;
    --surface: #171a23;
    --surface-sunken: #1e222d;
    --line: #2b303d;
    --edge: #737c90;
    --text: #eef0f6;
    --text-soft: #a5adbf;
    --accent: #93a4ff;
    --accent-strong: #aab7ff;
    --on-accent: #10142b;
    --tint: #262d52;
    --danger: #ffb3ba;
    --danger-surface: #35191e;
    --danger-line: #5f2a32;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 16px 40px -16px rgb(0 0 0 / 70%);
  }
}
`;
