/** Number of changed files that a property test tries: `TARSIER_MUTATIONS`, or a default that is fast enough for every check. */
export function mutations(usual: number): { readonly numRuns: number } {
  const asked = Number(process.env.TARSIER_MUTATIONS ?? 0)
  return { numRuns: asked > 0 ? asked : usual }
}
