// protozero with its assertions about the types of fields as errors of the file: to be included in its place.
#pragma once

#include <protozero/exception.hpp>

namespace adze::formats {
[[noreturn]] inline void mistyped() { throw protozero::unknown_pbf_wire_type_exception(); }
}  // namespace adze::formats

#define protozero_assert(c) ((c) ? void() : ::adze::formats::mistyped())  // lint: allow macros: protozero asks for it

#include <protozero/pbf_builder.hpp>
#include <protozero/pbf_message.hpp>
#include <protozero/pbf_writer.hpp>
#include <protozero/types.hpp>
