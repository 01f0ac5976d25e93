import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Broker, PartitionAssigner } from 'kafkajs';

export interface Joining {
  readonly assigner: PartitionAssigner;
  /** Attempts to join since the last reset. */
  attempts(): number;
  reset(): void;
}

const LOADING_PAUSE_MS = 250;

/**
 * kafkajs' round-robin assigner, through which a member can see and delay its own joining, which kafkajs has nothing for.
 *
 * It counts, as kafkajs asks it for its protocol at every attempt to join: more than one attempt between two generations means that
 * there may have been one in between which this member missed. And it waits whenever kafkajs looks for the group's coordinator, which
 * it does before each attempt and at no other time: for `before`, and for a coordinator that has just started to know its groups, as
 * kafkajs gives up at such an answer, and the member would be a stranger to its own partitions.
 */
export function watchJoining(before: () => Promise<void>): Joining {
  let attempts = 0;
  return {
    assigner: (config) => {
      const { cluster } = config;
      const find = cluster.findGroupCoordinator.bind(cluster);
      cluster.findGroupCoordinator = async (group) => {
        await before();
        const coordinator = await find(group);
        while (await isLoading(coordinator, group.groupId)) await pause(LOADING_PAUSE_MS);
        return coordinator;
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

/** What else is wrong, joining will show. */
async function isLoading(coordinator: Broker, groupId: string): Promise<boolean> {
  try {
    await coordinator.describeGroups({ groupIds: [groupId] });
    return false;
  } catch (error) {
    return error instanceof kafkajs.KafkaJSProtocolError && error.type === 'GROUP_LOAD_IN_PROGRESS';
  }
}
