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
