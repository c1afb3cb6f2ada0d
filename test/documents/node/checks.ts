/** Counts what held and what didn't; a failed check doesn't stop the others. */
export class Checks {
  passed = 0;
  failed = 0;

  async check(name: string, work: () => Promise<void>): Promise<void> {
    const begun = Date.now();
    try {
      await work();
      this.passed++;
      console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
    } catch (error) {
      this.failed++;
      console.log(`FAILED  ${name}\n${error instanceof Error ? error.stack : String(error)}`);
    }
  }
}
