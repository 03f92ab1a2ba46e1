import { isIPv6 } from 'node:net';

/** The /64 network of an IPv6 address: at least that much is assigned to one site. RFC 6177 */
export function network(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.split('::');
  const [before, after] = [head, tail].map((part) => part.split(':').filter((group) => group !== ''));
  const { length: known = 0 } = [...(before ?? []), ...(after ?? [])];
  const groups = [...(before ?? []), ...Array<string>(8 - known).fill('0'), ...(after ?? [])];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
