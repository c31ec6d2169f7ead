/** Builds a provider's HTTP request out of its profile: each value is encoded by the place where it stands, and filled in once. */
import type { ProviderProfile, Tree } from "./profile.ts";
import { compileTemplate, type Template, type Value, type Values } from "./template.ts";
import { writeXml, type XmlNode } from "./xml.ts";

export interface BuiltRequest {
  readonly method: "GET" | "POST";
  /** With the query; behind the path of the API's own URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Undefined where a value cannot be said where it stands: the provider cannot carry this message. */
export type BuildRequest = (values: Values) => BuiltRequest | undefined;

const printable = /^[ -~]*$/;

class Unsayable extends Error {}

/** Takes a profile's request apart once. */
export function compileRequest({ request, auth }: Pick<ProviderProfile, "request" | "auth">): BuildRequest {
  const { method } = request;
  const omitted = new Set(request.omitIfEmpty);
  const path = compileTemplate(request.path);
  const headers = compileFields(request.headers, "headers", omitted);
  const query = compileFields(request.query, "query", omitted);
  const form = request.form && compileFields(request.form, "form", omitted);
  const json = request.json && compileTree(request.json, "json", omitted);
  const xml = request.xml && compileTree(request.xml, "xml", omitted);
  const authorization = compileAuthorization(auth);

  function bodyOf(values: Values): readonly [type: string, body: string] | undefined {
    if (json !== undefined) return ["application/json", JSON.stringify(json(values))];
    if (form !== undefined) return ["application/x-www-form-urlencoded", encodeForm(form(values))];
    if (xml === undefined) return undefined;
    const body = writeXml((xml(values) ?? {}) as { readonly [name: string]: XmlNode });
    if (body === undefined) throw new Unsayable();
    return ["text/xml; charset=utf-8", body];
  }

  return (values) => {
    try {
      const [type, body] = bodyOf(values) ?? [];
      const asked = encodeForm(query(values));
      const pairs: Record<string, string> = Object.fromEntries(headers(values));
      const built = {
        accept: "application/json, */*;q=0.1",
        ...(type !== undefined && { "content-type": type }),
        ...authorization(values),
        ...pairs,
      };
      if (!Object.values(built).every((value) => printable.test(value))) return undefined;
      const at = String(path.fill(values, (value) => encodeURIComponent(value)));
      return { method, path: asked === "" ? at : `${at}?${asked}`, headers: built, body };
    } catch (error) {
      // encodeURIComponent throws a URIError for half a surrogate pair.
      if (error instanceof Unsayable || error instanceof URIError) return undefined;
      throw error;
    }
  };
}

function compileAuthorization(auth: ProviderProfile["auth"]): (values: Values) => Record<string, string> {
  switch (auth.kind) {
    case "basic": {
      const [user, password] = [compileTemplate(auth.user), compileTemplate(auth.password)];
      return (values) => ({ authorization: basicOf(user.fill(values), password.fill(values)) });
    }
    case "bearer": {
      const token = compileTemplate(auth.token);
      return (values) => ({ authorization: `Bearer ${token.fill(values)}` });
    }
    case "oauth2":
    case "none":
      // An access token is put in by whoever has it.
      return () => ({});
  }
}

/** RFC 7617. */
export function basicOf(user: Value, password: Value): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

type Fields = readonly (readonly [name: string, value: string])[];

function compileFields(
  fields: Readonly<Record<string, string>>,
  at: string,
  omitted: ReadonlySet<string>,
): (values: Values) => Fields {
  const compiled = Object.entries(fields).map(([name, text]): readonly [string, Template, boolean] => [
    name,
    compileTemplate(text),
    omitted.has(`${at}.${name}`),
  ]);
  return (values) =>
    compiled.flatMap(([name, filled, mayBeOmitted]) => {
      const value = String(filled.fill(values));
      return mayBeOmitted && value === "" ? [] : [[name, value] as const];
    });
}

export function encodeForm(fields: Fields): string {
  return new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString();
}

type Filled = Value | boolean | readonly Filled[] | { readonly [name: string]: Filled };

function compileTree(
  tree: Tree,
  at: string,
  omitted: ReadonlySet<string>,
): (values: Values) => Filled | undefined {
  if (typeof tree === "string") {
    const filled = compileTemplate(tree);
    const mayBeOmitted = omitted.has(at);
    return (values) => {
      const value = filled.fill(values);
      return mayBeOmitted && value === "" ? undefined : value;
    };
  }
  if (typeof tree !== "object") return () => tree;
  if (Array.isArray(tree)) {
    const items = tree.map((item: Tree, index) => compileTree(item, `${at}.${index}`, omitted));
    return (values) => items.map((item) => item(values)).filter((item) => item !== undefined);
  }
  const fields = Object.entries(tree as { readonly [name: string]: Tree }).map(
    ([name, child]) => [name, compileTree(child, `${at}.${name}`, omitted)] as const,
  );
  return (values) => {
    const filled: Record<string, Filled> = {};
    for (const [name, child] of fields) {
      const value = child(values);
      if (value !== undefined) filled[name] = value;
    }
    return filled;
  };
}
