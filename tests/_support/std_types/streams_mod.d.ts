// The package's other exports are not used here.
export * from "./streams_byte_slice_stream.d.ts";
export * from "./streams_concat_readable_streams.d.ts";
export * from "./streams_delimiter_stream.d.ts";
export * from "./streams_limited_bytes_transform_stream.d.ts";
export * from "./streams_text_line_stream.d.ts";
export * from "./streams_to_array_buffer.d.ts";
export * from "./streams_to_bytes.d.ts";
export * from "./streams_to_json.d.ts";
export * from "./streams_to_text.d.ts";
