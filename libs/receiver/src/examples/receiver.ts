import { Receiver } from '../index.js';

export const receiver = new Receiver({
  httpSignature: {
    copernicaId: 'account_1234',
    host: 'hooks.example.org',
    keyDomains: ['copernica.com', 'signing.postduif.example'],
  },
  standardWebhooks: {
    // One for each webhook; two while it changes. Secrets (whsec_) or public keys (whpk_).
    secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4='],
  },
});
