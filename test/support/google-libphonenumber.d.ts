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
  }
}
