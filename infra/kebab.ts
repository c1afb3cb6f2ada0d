/** `JudgeWave` → `judge-wave`: a function's name → its handler file. */
export function kebab(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
