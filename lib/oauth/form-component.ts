import { isUnicode } from '../unicode.ts';

/** RFC 6749 appendix B. Undefined when percent-encoding or UTF-8 is malformed, or the text is not Unicode. */
export function decodeFormComponent(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text.replaceAll('+', ' '));
    return isUnicode(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}
