/** How the request ids of an account are kept and found. */

/**
 * One id is one request, whatever call it came by. Rows keep the method in their key, since releases that kept ids apart by method may
 * still write beside us: new rows go under the first, all are looked up, and the older wins.
 */
export const requestMethods = ["SendSms", "SendSmsStream"] as const;
