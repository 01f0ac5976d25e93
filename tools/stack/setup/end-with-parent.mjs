// Loaded before every program that run.mjs starts: it ends in order when run.mjs has ended, even by kill -9.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel.unref();
