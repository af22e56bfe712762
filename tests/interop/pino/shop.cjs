// A service that logs with pino, to its standard output. Its argument is JSON: the ids of a trace, and what it should not have said.
const pino = require("pino");
const { trace_id, span_id, email, card, password, key } = JSON.parse(process.argv[2]);

const root = pino({ level: "trace", mixin: () => ({ trace_id, span_id, trace_flags: "01" }) });
const logger = root.child({ service: "node", request_id: "req-000042" });

class Declined extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "Declined";
    this.code = 51;
  }
}

function charge() {
  throw new Declined(`card ${card} was declined`);
}

function order() {
  try {
    charge();
  } catch (error) {
    throw new TypeError(`no order of ${email}`, { cause: error });
  }
}

for (const level of ["debug", "info", "warn", "error", "fatal"]) logger[level]({ order: { id: 17, email } }, `at ${level}`);
logger.child({ step: "login" }).info({ password, n: 7, share: 0.5, tags: ["a"] }, "login of %s with %s", email, key);
try {
  charge();
} catch (error) {
  logger.error(error, "charge failed");
  logger.error(error);
}
try {
  order();
} catch (error) {
  logger.error({ err: error, attempt: 2 }, "order failed");
}
