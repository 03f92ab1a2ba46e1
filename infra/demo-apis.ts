/**
 * The identifiers of the demo APIs, by name. They are absolute URIs, because some libraries send no other `resource`
 * (RFC 8707 section 2). The stage `local` of serverless.yml has the first one as its audience.
 */
export const demoApis = { orders: 'https://orders.example', billing: 'https://billing.example' } as const;

export type DemoApi = keyof typeof demoApis;
