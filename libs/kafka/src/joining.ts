import kafkajs from 'kafkajs';
import type { PartitionAssigner } from 'kafkajs';

export interface Joining {
  readonly assigner: PartitionAssigner;
  /** Attempts to join since the last reset. */
  attempts(): number;
  reset(): void;
}

/**
 * kafkajs' round-robin assigner, through which a member can see and delay its own joining, which kafkajs has nothing for.
 *
 * It counts, as kafkajs asks it for its protocol at every attempt to join: more than one attempt between two generations means that
 * there may have been one in between which this member missed. And it waits for `before` whenever kafkajs looks for the group's
 * coordinator, which it does before each attempt and at no other time.
 */
export function watchJoining(before: () => Promise<void>): Joining {
  let attempts = 0;
  return {
    assigner: (config) => {
      const { cluster } = config;
      const find = cluster.findGroupCoordinator.bind(cluster);
      cluster.findGroupCoordinator = async (group) => {
        await before();
        return find(group);
      };
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
