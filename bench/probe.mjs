/** Loaded into a measured process (`--import`): answers what the process has used so far, when it is asked. */
process.on('message', () => {
  process.send?.({ cpu: process.cpuUsage(), maxRss: process.resourceUsage().maxRSS });
});
// The channel alone does not keep a process alive.
process.channel?.unref();
