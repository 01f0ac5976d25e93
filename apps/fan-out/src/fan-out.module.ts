import { Module } from '@nestjs/common';

/** fan-out has no API beside that of every service. */
@Module({})
export class FanOutModule {}
