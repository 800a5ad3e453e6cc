import { version } from '../package.json'

/** What Wharf calls itself. The commit is not known here: a deployment is bundled from whatever lies in the folder. */
export const VERSION = { version, commit: '' }
