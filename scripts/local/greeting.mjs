const CHANGED = `
  Root's credentials were changed through the management API: sign with the changed ones.
  To set them anew, start with WHARF_ROOT_USER and WHARF_ROOT_PASSWORD, which win over them.

`

/** The line that programs wait for. */
export function readyLine(url) {
  return `wharf ready on ${url}\n`
}

/**
 * Lines to paste, for the clients that people have.
 *
 * @param endpoint   where this machine reaches the server
 * @param kept       the credentials of the state folder, which are shown; those from outside are not
 * @param isChanged  whether those of the state folder are good for nothing any more
 */
export function linesToPaste({ endpoint, settings, kept, isChanged }) {
  if (isChanged) return CHANGED
  const user = settings.root ? quoteForShell(settings.root.user) : kept.rootUser
  const password = settings.root ? '"$WHARF_ROOT_PASSWORD"' : kept.rootPassword
  const { WHARF_REGION } = settings.variables
  const region = WHARF_REGION && WHARF_REGION !== '*' ? WHARF_REGION : 'us-east-1'
  const clients = {
    aws: `AWS_ACCESS_KEY_ID=${user} AWS_SECRET_ACCESS_KEY=${password} AWS_DEFAULT_REGION=${region} aws --endpoint-url ${endpoint} s3 mb s3://demo`,
    mc: `mc alias set wharf ${endpoint} ${user} ${password}`,
    rclone: `rclone config create wharf s3 provider=Other endpoint=${endpoint} region=${region} access_key_id=${user} secret_access_key=${password}`,
    curl: `curl --aws-sigv4 aws:amz:${region}:s3 --user ${user}:${password} ${endpoint}/`,
  }
  const lines = Object.entries(clients).map(([name, line]) => `  ${name.padEnd(8)}${line}\n`)
  return `\n${lines.join('')}\n`
}

/** As one word of a shell, in quotes only where it needs them. */
function quoteForShell(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
