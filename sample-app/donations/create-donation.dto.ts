import { IsInt, IsString, Length, Max, Min } from 'class-validator';

export class CreateDonationDto {
  @IsString()
  @Length(1, 100)
  donor: string;

  @IsInt()
  @Min(100)
  @Max(100_000_00)
  amountInCents: number;
}
