import type { CatalogueForm, CatalogueModel } from '../../shared/contract/models.ts'

/** A name for a model that is to be: short, of plain letters, telling the form, and not taken yet. */
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

/** A form in a line, for a choice of them. */
export const formKey = ({ language, vision }: CatalogueForm): string => `${language} / ${vision}`
