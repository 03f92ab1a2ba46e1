// Stands in for parts of the AWS SDK in the bundles: see build.mjs. Without a provider the SDK says what is missing.
export const defaultProvider = undefined;

// DynamoDB is where its region says, so no endpoints are discovered, and none are kept.
export class EndpointCache {}
