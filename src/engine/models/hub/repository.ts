import { TarsierError } from '../../../shared/errors.ts'

/** A repository's name on the hub: owner and name, each with the characters that the hub allows: letters, digits, dots, dashes and underscores. */
const REPOSITORY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/
const REVISION = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/
export const COMMIT = /^[0-9a-f]{40}$/

/** Whether a string is a valid repository name: `owner/name`. */
export function isRepositoryName(text: string): boolean {
  return REPOSITORY.test(text) && !text.includes('..') && !text.includes('--')
}

/** Throws `usage` for an invalid repository, branch, tag or commit, because both become parts of URLs and paths. */
export function expectRepository(repository: string, revision: string): void {
  if (!isRepositoryName(repository)) {
    throw new TarsierError(
      'usage',
      `"${repository}" is not a valid repository name. It must have the form owner/name, e.g. omni-research/Tarsier2-Recap-7b.`,
    )
  }
  if (!REVISION.test(revision) || revision.includes('..') || revision.length > 200) {
    throw new TarsierError('usage', `"${revision}" is not a valid revision. Give a branch, tag or commit of ${repository}, e.g. main.`)
  }
}

/** Folder name of a repository in the cache layout of the Python hub library. */
export function repositoryFolder(repository: string): string {
  return `models--${repository.replace('/', '--')}`
}
