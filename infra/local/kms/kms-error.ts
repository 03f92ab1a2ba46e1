/** An error of KMS by name and message. https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html */
export class KmsError extends Error {
  readonly status: number;

  constructor(name: string, message: string, status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

export const validation = (message: string) => new KmsError('ValidationException', message);

export const invalidState = ({ arn, state }: { readonly arn: string; readonly state: string }) =>
  new KmsError('KMSInvalidStateException', `${arn} is ${state}.`);
