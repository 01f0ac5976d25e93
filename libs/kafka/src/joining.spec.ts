import { describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { watchJoining } from './joining.js';
import { silentLog } from './testing/silent-log.js';

const MEMBERS = [
  { memberId: '1', clientId: 'delivery@a' },
  { memberId: '2', clientId: 'delivery@b' },
  { memberId: '3', clientId: 'delivery@a' },
];

/** A group, and how a member looks for its coordinator. */
function group(memberName: string | undefined, described: () => object = () => ({ groups: [{ members: MEMBERS }] })) {
  const left: string[] = [];
  const coordinator = {
    describeGroups: () =>
      new Promise((resolve) => {
        resolve(described());
      }),
    leaveGroup: ({ memberId }: { memberId: string }) => {
      left.push(memberId);
      return memberId === '1' ? Promise.reject(new Error('unknown member')) : Promise.resolve();
    },
  };
  const cluster = { findGroupCoordinator: () => Promise.resolve(coordinator) };
  const joining = watchJoining({ before: () => Promise.resolve(), memberName, log: silentLog });
  joining.assigner({ cluster, groupId: 'g', logger: {} } as unknown as Parameters<typeof joining.assigner>[0]);
  const find = cluster.findGroupCoordinator as (group: { groupId: string }) => Promise<unknown>;
  return { left, coordinator, find: () => find({ groupId: 'g' }) };
}

describe('joining a group', () => {
  it('first takes those of the same name out of it, and then nobody: by then it is itself the one', async () => {
    const { left, coordinator, find } = group('delivery@a');
    expect(await find()).toBe(coordinator);
    expect(left).toEqual(['1', '3']);
    await find();
    expect(left).toEqual(['1', '3']);
  });

  it.each([undefined, 'delivery', 'delivery@c'])('given the name %s, takes nobody out of it', async (name) => {
    const { left, find } = group(name);
    await find();
    expect(left).toEqual([]);
  });

  it('waits for a coordinator that does not know its groups yet', async () => {
    let asked = 0;
    const { left, find } = group('delivery@b', () => {
      asked += 1;
      if (asked === 1) throw loading();
      return { groups: [{ members: MEMBERS }] };
    });
    await find();
    expect([asked, left]).toEqual([2, ['2']]);
  });

  it('given that the group cannot be described, goes on: joining will show what is wrong', async () => {
    const { left, coordinator, find } = group('delivery@a', () => {
      throw new Error('not authorized');
    });
    expect(await find()).toBe(coordinator);
    expect(left).toEqual([]);
  });
});

function loading(): Error {
  return Object.assign(new kafkajs.KafkaJSProtocolError('loading'), { type: 'GROUP_LOAD_IN_PROGRESS' });
}
