// A plugin of `serverless` that calls key management at the end of a deployment, so that the first key is there when the first
// request comes, and a deployment that cannot sign the key registry does not look as if it had succeeded.

/**
 * @param {import('./keys-plugin.d.mts').Serverless} serverless
 * @param {unknown} _options
 * @param {{ log: { notice(text: string): void } }} utilities
 */
export default function keysPlugin(serverless, _options, { log }) {
  return {
    hooks: {
      'after:deploy:deploy': async () => {
        const FunctionName = serverless.service.functions.rotation?.name;
        if (!FunctionName) return;
        const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
        const client = new LambdaClient(await serverless.getProvider('aws').getAwsSdkV3Config());
        const { FunctionError, LogResult = '' } = await client.send(
          new InvokeCommand({ FunctionName, LogType: 'Tail' }),
        );
        if (!FunctionError) return log.notice(`Key management ${FunctionName} has run`);
        throw new serverless.classes.Error(
          `the stack is deployed, but its key management ${FunctionName} failed: ${reasonIn(Buffer.from(LogResult, 'base64').toString())}`,
        );
      },
    },
  };
}

/** The message of the fault in the end of a log; the whole of it if there is none. @param {string} log */
const reasonIn = (log) => /"event":"fault".*?"message":"([^"]*)"/.exec(log)?.[1] ?? log;
