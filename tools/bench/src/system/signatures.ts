import { verifyRequest, verifyStandardWebhook } from '@postduif/signing';
import { headerOf, headersOf } from '../processes/http-message-reader.js';
import type { Sample } from '../receiver/receivers.js';
import type { Api } from './api.js';

/** Verifies requests that receivers have kept, by the signature that each brings. Throws for one that is not valid. */
export async function verifySamples(
  samples: readonly Sample[],
  api: Api,
  webhookOf: (receiver: number) => string,
): Promise<number> {
  const keys = await api.signingKeys();
  for (const { receiver, at, head, body } of samples) {
    const now = new Date(at);
    const headers = headersOf(head);
    if (headerOf(head, 'webhook-signature') === undefined) {
      const [method = '', target = ''] = head.split(' ', 2);
      await verifyRequest({ method, target, headers, body }, { now, resolveKey: (id) => keys.get(id) });
    } else {
      const secrets = [await api.secret(webhookOf(receiver))];
      verifyStandardWebhook({ headers, body, secrets, now });
    }
  }
  return samples.length;
}
