import { partition } from '@aws-sdk/core/client';

/** The domain of AWS's endpoints in the partition of a region, such as `amazonaws.com.cn`. */
export const urlSuffixOf = (region: string): string => partition(region).dnsSuffix;
