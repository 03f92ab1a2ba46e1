import { isIPv6 } from 'node:net';

/** IPv6 networks that are counted, by their bits: what a device, a site and a large customer get. RFC 6177, RFC 7934 */
const widths = { address: 64, site: 56, provider: 48 } as const;

type Width = keyof typeof widths;

/** An IPv4 address counts by itself, also in the form of IPv6. RFC 4291 section 2.5.5.2 @param address as the gateway saw it */
export function networksOf(address: string): readonly (readonly [Width, string])[] {
  const groups = isIPv6(address) && !address.includes('.') ? groupsOf(address) : undefined;
  if (!groups || groups.slice(0, 6).join() === '0,0,0,0,0,65535') return [['address', address]];
  return Object.entries(widths).map(([width, bits]) => {
    // Whole groups of 16 bits, and the upper half of the next one.
    const whole = groups.slice(0, Math.floor(bits / 16));
    const half = bits % 16 === 0 ? [] : [(groups[whole.length] ?? 0) & 0xff00];
    return [width as Width, [...whole, ...half].map((group) => group.toString(16)).join(':')];
  });
}

/** Eight numbers. RFC 4291 section 2.2 */
function groupsOf(address: string): number[] {
  const [before = [], after = []] = address
    .split('::')
    .map((part) => part.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)])));
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
}
