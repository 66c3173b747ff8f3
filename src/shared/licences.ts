import { z } from 'zod'

/** Something that is shipped with the program, and its licence. */
export const licensedComponentSchema = z.object({
  name: z.string(),
  version: z.string().exactOptional(),
  /** SPDX expression; licences that SPDX does not list begin with `LicenseRef-`. */
  licence: z.string(),
  /** An installed package, a package whose code is built into the page or the shell, or something else, mostly a native library. */
  kind: z.enum(['package', 'bundled', 'part']),
  /** Package that contains the part. */
  within: z.string().exactOptional(),
  /** Address of its source or terms. */
  source: z.string().exactOptional(),
  note: z.string().exactOptional(),
  /** The texts are the standard ones of its licence, because it contains no text of its own. */
  standard: z.literal(true).exactOptional(),
  /** Ids of its texts in {@link licencesSchema}. */
  texts: z.array(z.string()),
})
export type LicensedComponent = Readonly<z.infer<typeof licensedComponentSchema>>

/** `resources/licences/licences.json`, which `npm run docs` generates. */
export const licencesSchema = z.object({
  components: z.array(licensedComponentSchema),
  /** Texts by id; many components share one. */
  texts: z.record(z.string(), z.string()),
})
export type Licences = z.infer<typeof licencesSchema>

/** The single licences of an SPDX expression. */
export function licenceIds(expression: string): string[] {
  return expression.split(/\s+(?:AND|OR|WITH)\s+|[()\s]+/).filter((word) => word !== '')
}
