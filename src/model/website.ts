/** How a bucket shows itself to browsers: as pages, or as nothing but a way to another host. */
export type Website = WebsitePages | WebsiteElsewhere

export interface WebsitePages {
  /** What a folder shows: the last part of a key, without a slash. */
  index: string
  /** Key of what is shown instead of a page that cannot be. */
  error?: string
  /** Of several rules the first that fits counts. */
  rules?: RoutingRule[]
}

export interface WebsiteElsewhere {
  redirectAll: { host: string; protocol?: WebsiteProtocol }
}

export type WebsiteProtocol = 'http' | 'https'

/** Which requests are sent to another place. Without a prefix and an error: all of them. */
export interface RoutingRule {
  keyPrefix?: string
  /** Only when the page cannot be shown, and this is the status. */
  errorStatus?: number
  redirect: RoutingRedirect
}

/** What is not said stays as it was asked for. */
export interface RoutingRedirect {
  host?: string
  protocol?: WebsiteProtocol
  /** 301 where none is given. */
  status?: number
  /** Stands for the whole key. */
  replaceKey?: string
  /** Stands for the rule's prefix; of the two there is at most one. */
  replacePrefix?: string
}
