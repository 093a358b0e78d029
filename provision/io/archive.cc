#include "provision/io/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <array>
#include <memory>

namespace ntsbox::provision {
namespace {

constexpr std::size_t most_members = 64;
constexpr std::size_t most_bytes = std::size_t{1} << 20;

struct Free {
  void operator()(archive* reader) const { archive_free(reader); }

  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

using Archive = std::unique_ptr<archive, Free>;
using ArchiveEntry = std::unique_ptr<archive_entry, Free>;

tl::unexpected<Error> archive_error(archive* which, const char* doing) {
  const char* words = archive_error_string(which);
  return fail(fmt::format("{}: {}", doing, words ? words : "not a tar archive"));
}

la_ssize_t append(archive*, void* out, const void* bytes, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
  return static_cast<la_ssize_t>(size);
}

/// What a member holds, at most `room` bytes; its header may lie about how much that is.
Result<std::string> content_of(archive* reader, std::size_t room) {
  std::string content;
  std::array<char, 16384> buffer;
  while (true) {
    const auto got = archive_read_data(reader, buffer.data(), buffer.size());
    if (got < 0) return archive_error(reader, "cannot be read");
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > room) return fail("holds more than a bundle may");
  }
}

bool is_plain(archive_entry* entry) {
  const auto type = archive_entry_filetype(entry);
  return !archive_entry_hardlink(entry) && !archive_entry_symlink(entry) &&
         (type == AE_IFREG || type == AE_IFDIR);
}

Result<Member> member_of(archive* reader, archive_entry* entry, std::size_t room) {
  const char* path = archive_entry_pathname(entry);
  if (!path) return fail("has a member without a name");
  if (!is_plain(entry)) return fail("holds a link or a device, and no bundle does");
  const auto kind =
      archive_entry_filetype(entry) == AE_IFDIR ? Member::Kind::folder : Member::Kind::file;
  Member member{path, "", kind, static_cast<unsigned>(archive_entry_perm(entry))};
  if (member.kind == Member::Kind::folder && member.path.ends_with('/')) member.path.pop_back();
  if (member.kind != Member::Kind::file) return member;
  TRY(auto content, content_of(reader, room));
  member.content = std::move(content);
  return member;
}

}  // namespace

Result<std::string> pack(const std::vector<Member>& members, bool gzip) {
  std::string out;
  const Archive writer{archive_write_new()};
  archive_write_set_format_ustar(writer.get());
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  if (gzip) {
    archive_write_add_filter_gzip(writer.get());
    archive_write_set_filter_option(writer.get(), "gzip", "timestamp", nullptr);
  }
  if (archive_write_open(writer.get(), &out, nullptr, append, nullptr) != ARCHIVE_OK)
    return archive_error(writer.get(), "cannot be packed");
  for (const auto& member : members) {
    const ArchiveEntry entry{archive_entry_new()};
    const bool folder = member.kind == Member::Kind::folder;
    archive_entry_set_pathname(entry.get(), member.path.c_str());
    archive_entry_set_filetype(entry.get(), folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), member.mode);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(member.content.size()));
    archive_entry_set_mtime(entry.get(), 0, 0);
    const auto size = static_cast<la_ssize_t>(member.content.size());
    if (archive_write_header(writer.get(), entry.get()) != ARCHIVE_OK ||
        archive_write_data(writer.get(), member.content.data(), member.content.size()) != size)
      return archive_error(writer.get(), "cannot be packed");
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK)
    return archive_error(writer.get(), "cannot be packed");
  return out;
}

Result<std::vector<Member>> unpack(std::string_view bytes) {
  const Archive reader{archive_read_new()};
  // These two alone: the fewer decoders an unknown file can reach, the better.
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK)
    return archive_error(reader.get(), "cannot be read");
  std::vector<Member> members;
  std::size_t room = most_bytes;
  while (true) {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader.get(), &entry);
    if (status == ARCHIVE_EOF) return members;
    if (status != ARCHIVE_OK) return archive_error(reader.get(), "cannot be read");
    if (members.size() == most_members) return fail("holds more members than a bundle may");
    TRY(auto member, member_of(reader.get(), entry, room));
    room -= member.content.size();
    members.push_back(std::move(member));
  }
}

}  // namespace ntsbox::provision
