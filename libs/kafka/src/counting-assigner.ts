import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';

export interface CountingAssigner {
  readonly assigner: PartitionAssigner;
  /** Attempts to join since the last reset. */
  attempts(): number;
  reset(): void;
}

/**
 * kafkajs' round-robin assigner, which also counts: kafkajs asks it for its protocol at every attempt to join. More than one attempt
 * between two generations means that there may have been one in between which this member missed.
 */
export function countingAssigner(): CountingAssigner {
  let attempts = 0;
  return {
    assigner: (config) => {
      const assigner = kafkajs.PartitionAssigners.roundRobin(config);
      return {
        ...assigner,
        protocol: (subscription) => {
          attempts += 1;
          return assigner.protocol(subscription);
        },
      };
    },
    attempts: () => attempts,
    reset: () => {
      attempts = 0;
    },
  };
}
