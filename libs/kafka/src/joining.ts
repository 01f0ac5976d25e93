import { setTimeout as pause } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Broker, PartitionAssigner } from 'kafkajs';
import type { Log } from './log.js';

export interface Joining {
  readonly assigner: PartitionAssigner;
  /** Attempts to join since the last reset. */
  attempts(): number;
  reset(): void;
}

export interface JoiningOptions {
  /** Waited for before each attempt to join. */
  readonly before: () => Promise<void>;
  /** What the member is called; undefined when others may be called so too. */
  readonly memberName: string | undefined;
  readonly log: Log;
}

/** What kafkajs' types leave out. */
export interface Coordinator extends Broker {
  heartbeat(member: { readonly groupId: string; readonly memberId: string }): Promise<void>;
  syncGroup(assignment: object): Promise<unknown>;
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

interface DescribedMember {
  readonly memberId: string;
  readonly clientId: string;
}

const LOADING_PAUSE_MS = 250;

/**
 * kafkajs' round-robin assigner, through which a member can see and delay its own joining, which kafkajs has nothing for.
 *
 * It counts, as kafkajs asks it for its protocol at every attempt to join: more than one attempt between two generations means that
 * there may have been one in between which this member missed. And it waits whenever kafkajs looks for the group's coordinator, which
 * it does before each attempt and at no other time: for `before`, and for a coordinator that has just started to know its groups, as
 * kafkajs gives up at such an answer, and the member would be a stranger to its own partitions.
 *
 * Before the first attempt it takes whoever has its name out of the group: one that was killed has not left, and the group would wait for it
 * until its session is over.
 */
export function watchJoining({ before, memberName, log }: JoiningOptions): Joining {
  let attempts = 0;
  let succeeded = false;
  return {
    assigner: (config) => {
      const { cluster } = config;
      const find = cluster.findGroupCoordinator.bind(cluster);
      cluster.findGroupCoordinator = async (group) => {
        await before();
        const coordinator = (await find(group)) as Coordinator;
        const { groupId } = group;
        let members: readonly DescribedMember[] | undefined;
        while ((members = await membersOf(coordinator, groupId)) === undefined) await pause(LOADING_PAUSE_MS);
        if (succeeded) return coordinator;
        succeeded = true;
        for (const { clientId, memberId } of members) {
          if (clientId !== memberName) continue;
          log.info(
            { groupId, memberId },
            'took the member that had this name out of the group: its process was killed, or has lost Kafka since',
          );
          await coordinator.leaveGroup({ groupId, memberId }).catch((error: unknown) => {
            log.debug({ err: error, groupId, memberId }, 'it had just left');
          });
        }
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

/** Undefined while the coordinator does not know yet. What else is wrong, joining will show. */
async function membersOf(coordinator: Broker, groupId: string): Promise<readonly DescribedMember[] | undefined> {
  try {
    const { groups } = (await coordinator.describeGroups({ groupIds: [groupId] })) as {
      readonly groups: readonly { readonly members: readonly DescribedMember[] }[];
    };
    return groups.flatMap(({ members }) => members);
  } catch (error) {
    return error instanceof kafkajs.KafkaJSProtocolError && error.type === 'GROUP_LOAD_IN_PROGRESS' ? undefined : [];
  }
}
