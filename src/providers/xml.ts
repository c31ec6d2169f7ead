/** Writes a tree as XML 1.0: a name is an element, `@name` an attribute, `#text` the text of an element that has attributes. */

/** What stands in the tree once it is filled. */
export type XmlNode = string | number | boolean | readonly XmlNode[] | { readonly [name: string]: XmlNode };

/** XML has no way to say most control characters, not even escaped (XML 1.0 §2.2). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are meant.
const unsayable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;

/** Undefined where a value cannot be said in XML. */
export function writeXml(root: { readonly [name: string]: XmlNode }): string | undefined {
  let isSayable = true;
  const quote = (value: string | number | boolean): string => {
    const text = String(value);
    if (unsayable.test(text) || !text.isWellFormed()) isSayable = false;
    // A bare CR is read as LF (§2.11), and all white space in attributes as blanks (§3.3.3).
    return text.replace(/[&<>"'\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
  };
  const write = (name: string, node: XmlNode): string => {
    if (Array.isArray(node)) return node.map((each) => write(name, each)).join("");
    if (typeof node !== "object") return `<${name}>${quote(node)}</${name}>`;
    let attributes = "";
    let content = "";
    for (const [key, child] of Object.entries(node as { readonly [name: string]: XmlNode })) {
      if (typeof child !== "object" && key.startsWith("@"))
        attributes += ` ${key.slice(1)}="${quote(child)}"`;
      else if (typeof child !== "object" && key === "#text") content += quote(child);
      else content += write(key, child);
    }
    return `<${name}${attributes}>${content}</${name}>`;
  };
  const body = Object.entries(root)
    .map(([name, node]) => write(name, node))
    .join("");
  return isSayable ? `<?xml version="1.0" encoding="UTF-8"?>${body}` : undefined;
}
