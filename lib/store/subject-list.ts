import { subjectTag } from '../oauth/grant-id.ts';
import type { Listed } from './table.ts';

/**
 * The name of the list of a subject's items of one kind. It has the subject's tag, because subjects of other directories can be
 * longer than a key. So subjects may share a list, if ever two have the same tag.
 */
export const subjectList = (kind: string, sub: string): string => `${kind}#${subjectTag(sub)}`;

/** Puts an item into it, sorted by time. @param time seconds since the epoch */
export const listedForSubject = (kind: string, sub: string, time: number, id: string): Listed => ({
  listed_in: subjectList(kind, sub),
  listed_as: `${String(time).padStart(10, '0')}#${id}`,
});
