// ntsbox-provision: makes a machine a Stratum 1 NTS server, and another one trust it.

int main() {
  return 2;
}
