/**
 * A fixture that lint must refuse: this project has the tag `type:pure`, and a pure library may not reach Kafka.
 * `boundaries.spec.ts` sees to it; the ordinary lint run leaves this file out.
 */
export { createKafka } from '@postduif/kafka';
