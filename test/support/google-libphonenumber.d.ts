/** What the tests use of Google's library, which ships no types. */
declare module "google-libphonenumber" {
  type Example = { readonly brand: unique symbol };
  export class PhoneNumberUtil {
    static getInstance(): PhoneNumberUtil;
    getSupportedRegions(): readonly string[];
    getExampleNumber(region: string): Example;
    /** 0 is the E.164 format. */
    format(example: Example, format: 0): string;
    getRegionCodeForNumber(example: Example): string | undefined;
    /** Undefined where the region has no number of this type. */
    getExampleNumberForType(region: string, type: number): Example | null | undefined;
    /** Of its enum of types; -1 where it knows none. */
    getNumberType(example: Example): number;
    parse(number: string, region: string): Example;
  }
}
