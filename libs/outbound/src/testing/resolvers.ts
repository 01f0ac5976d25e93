import type { NameResolver } from '../name-resolver.js';

/** A resolver that gives the listed answers in turn, the last one for ever, and counts how often it was asked. */
export class ScriptedResolver implements NameResolver {
  readonly #answers: readonly (readonly string[])[];
  asked = 0;

  constructor(...answers: readonly (readonly string[])[]) {
    this.#answers = answers;
  }

  resolve(): Promise<{ addresses: readonly string[]; ttlSeconds: number }> {
    const addresses = this.#answers[Math.min(this.asked, this.#answers.length - 1)] ?? [];
    this.asked++;
    return Promise.resolve({ addresses, ttlSeconds: 60 });
  }
}
