/** What we use of asl-validator 4, whose CommonJS build ships types that ESM resolution does not find. */
declare module 'asl-validator' {
  export default function validate(definition: unknown): { isValid: boolean; errorsText(separator?: string): string };
}
