import type { CatalogueForm, CatalogueModel } from '../../shared/contract/models.ts'

/** Returns an unused name for a new model: short, lowercase, with the language model's form as a suffix. */
export function modelName(
  { repository }: Pick<CatalogueModel, 'repository'>,
  { language }: Pick<CatalogueForm, 'language'>,
  taken: readonly string[],
): string {
  const short = (repository.split('/').at(-1) ?? repository).toLowerCase().replaceAll(/[^a-z0-9._-]+/g, '-')
  const base = `${short}-${language}`
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`
    if (!taken.includes(name)) return name
  }
}

/** One-line key of a form, for select controls. */
export const formKey = ({ language, vision }: CatalogueForm): string => `${language} / ${vision}`

/** The form of a model that is offered first: the recommended one or, if none fits this machine, the smallest. */
export function formFirst({ forms }: CatalogueModel): CatalogueForm | undefined {
  return forms.find(({ recommended }) => recommended) ?? forms.toSorted((a, b) => a.bytes - b.bytes)[0]
}

/** The first model of the catalogue that fits this machine; if none does, the one that needs the least memory. */
export function suggestedModel(catalogue: readonly CatalogueModel[]): CatalogueModel | undefined {
  const needed = (model: CatalogueModel) => formFirst(model)?.memory ?? Number.POSITIVE_INFINITY
  return (
    catalogue.find(({ forms }) => forms.some(({ recommended }) => recommended)) ?? catalogue.toSorted((a, b) => needed(a) - needed(b))[0]
  )
}
