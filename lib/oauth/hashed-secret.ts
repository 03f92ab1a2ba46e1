/** Several can be valid at once, so that secrets can be rotated. */
export interface HashedSecret {
  readonly secret_id: string;
  /** `sha256$<hash>` for a random secret, `scrypt$<N>$<r>$<p>$<salt>$<hash>` for one that a person chose. */
  readonly hash: string;
  readonly created_at: number;
  readonly expires_at?: number;
  /** Form-decoding a secret that a person chose makes another one of it. Absent = it does not, or nobody has looked. */
  readonly looks_encoded?: boolean;
}
