/** Gets an access token as a client does: by its key, at /oauth/token. */
export async function fetchToken(apiUrl: string, clientId: string, key: string, scope = ""): Promise<string> {
  const answer = await fetch(`${apiUrl}/oauth/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(key)}`).toString("base64")}`,
    },
    body: new URLSearchParams({ grant_type: "client_credentials", ...(scope !== "" && { scope }) }),
  });
  const body = (await answer.json()) as { readonly access_token?: string };
  if (body.access_token === undefined) throw new Error(`no token: ${answer.status} ${JSON.stringify(body)}`);
  return body.access_token;
}
