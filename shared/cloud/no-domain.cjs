/**
 * Stands in for `node:domain` where functions run: in a bundle, and on one machine.
 *
 * functions-framework runs every request in a domain, whose hooks on each promise and callback cost a third of a
 * webhook's time, and whose first request keeps the connections that all share.
 *
 * What a domain is for is an exception that nothing awaits. It answers 500 and lets an instance in an unknown state
 * go on; without one the framework's handler for the process answers 500 and ends the instance.
 */
exports.create = () => ({ on() {}, run: (work) => work() });
